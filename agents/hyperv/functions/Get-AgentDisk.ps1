function Get-AgentDisk {
    <#
    .SYNOPSIS
    One disk: of the machine that is named, or a volume; DISK_NOT_FOUND. Vm is null for a volume.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [hashtable] $Job,
        [string[]] $Kind = @('disk')
    )
    $id = $Job.Spec['disk']
    if ($null -ne $Job.Spec['vm']) {
        $vm = Get-AgentVm -Id $Job.Spec['vm']
        $devices = @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes) -Adapters @())
        $found = Find-AgentDevice -Devices $devices -Word $id -Kind $Kind
        if ($null -ne $found -and $found.Id -ceq $id) { return @{ Device = $found; Vm = $vm; Devices = $devices } }
        throw (New-AgentFailure -Code DISK_NOT_FOUND -Message 'The virtual machine has no such disk.' -Pointer '/disk')
    }
    if ($id -isnot [string]) { throw (New-AgentFailure -Code SPEC_INVALID -Message 'disk is an id.' -Pointer '/disk') }
    $found = @(Get-AgentLooseDisk -Resources $Job.Resources -Id $id)
    if ($found.Count -eq 0) { throw (New-AgentFailure -Code DISK_NOT_FOUND -Message 'There is no such disk in the storage classes of the host.' -Pointer '/disk') }
    @{ Device = $found[0]; Vm = $null; Devices = @() }
}
