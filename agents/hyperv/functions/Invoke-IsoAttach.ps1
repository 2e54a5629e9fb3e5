function Invoke-IsoAttach {
    <#
    .SYNOPSIS
    iso.attach: puts an image into a drive; a drive is added where there is none, and with new_drive (the relay's own) always. boot_once puts the drive first until it is ejected.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    $id = ConvertTo-AgentId -Vm $vm
    $path = Resolve-AgentImage -Name $Job.Spec['image'] -Kind iso -Resources $Job.Resources
    $bootsOnce = $true -eq $Job.Spec['boot_once']
    if ($bootsOnce) { Assert-AgentState -Vm $vm -State off -Message 'it must be off to start from the drive the next time' -Pointer '/boot_once' }
    $devices = @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes))
    $drive = $null
    if ($true -ne $Job.Spec['new_drive']) { $drive = Get-AgentDrive -Devices $devices -Word $Job.Spec['drive'] }
    $from = $null
    if ($null -ne $drive) {
        if ($drive.Path -ne '') { $from = Find-AgentImage -Path $drive.Path -Resources $Job.Resources }
        if ($drive.Path -cne $path) { Set-VMDvdDrive -VMDvdDrive $drive.Object -Path $path }
        else { $from = $Job.Spec['image'] }
    }
    else {
        $type = 'SCSI'
        if ([int]$vm.Generation -eq 1) {
            Assert-AgentState -Vm $vm -State off -Message 'it must be off: generation 1 gets no drive while it runs' -Pointer '/drive'
            $type = 'IDE'
        }
        $slot = Find-AgentSlot -Vm $vm -Type $type
        Add-VMDvdDrive -VM $vm -ControllerNumber $slot.Number -ControllerLocation $slot.Location -Path $path
    }
    $vm = Get-AgentVm -Id $id
    $devices = @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes))
    if ($true -eq $Job.Spec['new_drive']) { $drive = $devices | Where-Object { $_.Kind -ceq 'cdrom' -and $_.Path -ceq $path } | Select-Object -Last 1 }
    else { $drive = Get-AgentDrive -Devices $devices -Word $Job.Spec['drive'] }
    if ($null -eq $drive -or $drive.Path -cne $path) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the image and the drive does not have it.' -Pointer '/image') }
    $changes = @()
    if ($from -cne $Job.Spec['image']) { $changes += New-AgentChange -Field 'image' -From $from -To $Job.Spec['image'] }
    $left = @()
    if ($bootsOnce) {
        try {
            $before = @(Get-AgentBootOrder -Vm $vm -Devices $devices | ForEach-Object { $_.Id })
            if ($before.Count -eq 0 -or $before[0] -cne $drive.Id) {
                # Noted first: an order that nobody remembers would stay.
                Update-AgentNote -Id $id -Change { param($said) if ($null -eq $said.boot_before) { $said.boot_before = $before } }
                Set-AgentBootOrder -Vm $vm -Wanted @($drive) -Devices $devices
                $now = @(Get-AgentBootOrder -Vm $vm -Devices $devices | ForEach-Object { $_.Id })
                if ($now.Count -eq 0 -or $now[0] -cne $drive.Id) { throw (New-AgentFailure -Code HYPERVISOR_FAILED -Message 'Hyper-V took the order and the drive is not first in it.' -Pointer '/boot_once') }
                $changes += New-AgentChange -Field 'boot_once' -From $false -To $true
            }
        }
        catch { $failure = Resolve-AgentFailure -ErrorRecord $_; $left = @([ordered]@{ field = 'boot_once'; code = $failure.code; message = "The image is in the drive, and the machine does not start from it: $($failure.message)" }) }
    }
    New-AgentChanged -Id $drive.Id -Changes $changes -NotChanged $left -Message "$($Job.Spec['image']) is in the drive."
}
