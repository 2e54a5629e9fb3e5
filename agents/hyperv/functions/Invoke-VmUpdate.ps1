function Invoke-VmUpdate {
    <#
    .SYNOPSIS
    vm.update: changes the fields given, and says of each whether it was changed.
    .DESCRIPTION
    What needs the machine off is refused before anything is changed; with partial: true the rest is changed, and what was left
    is listed in not_changed. Each change is read back: one that was taken and did not come about is not called a success.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    $vm = Get-AgentVm -Id $spec['vm']
    $id = ConvertTo-AgentId -Vm $vm
    Assert-AgentHardware -Spec $spec
    $before = Get-AgentVmView -Vm $vm -Resources $Job.Resources
    $wanted = Resolve-AgentHardware -Spec $spec -Current $before -Generation ([int]$vm.Generation)
    $wantedBoot = $null
    if ($null -ne $spec['boot_order']) { $wantedBoot = @(Resolve-AgentBootOrder -Vm $vm -Words @($spec['boot_order'])) }
    $work = [System.Collections.Generic.List[object]]::new()
    foreach ($group in Get-AgentHardwareGroup) {
        $fields = @($group.Fields | Where-Object { -not (Test-AgentSameText -Value $wanted[$_] -Other $before[$_]) })
        if ($fields.Count -eq 0) { continue }
        $needsOff = $group.NeedsOff
        if ($null -eq $needsOff) { $needsOff = Test-AgentMemoryNeedsOff -Vm $vm -Wanted $wanted }
        $work.Add(@{ Group = $group; Fields = $fields; NeedsOff = $needsOff })
    }
    if ($null -ne $wantedBoot) {
        $names = @($wantedBoot | ForEach-Object { $_.Name })
        $now = @($before['boot_order'] | Select-Object -First $names.Count)
        if (-not (Test-AgentSameText -Value $names -Other $now)) { $work.Add(@{ Group = @{ Name = 'boot' }; Fields = @('boot_order'); NeedsOff = $true }) }
    }
    $left = [System.Collections.Generic.List[object]]::new()
    $state = $before['state']
    $blocked = @($work | Where-Object { $_.NeedsOff -and $state -cne 'off' })
    if ($blocked.Count -gt 0) {
        $fields = @($blocked | ForEach-Object { $_.Fields })
        $message = "The virtual machine is $state; it must be off to change $($fields -join ', ')."
        if ($true -ne $spec['partial']) { throw (New-AgentFailure -Code VM_STATE_INVALID -Message "$message Nothing was changed." -Pointer @($fields | ForEach-Object { "/$_" })) }
        foreach ($field in $fields) { $left.Add([ordered]@{ field = $field; code = 'VM_STATE_INVALID'; message = $message }) }
    }
    foreach ($part in @($work | Where-Object { $blocked -notcontains $_ })) {
        try {
            if ($part.Group.Name -ceq 'boot') { Set-AgentBootOrder -Vm $vm -Wanted $wantedBoot -Devices @(Get-AgentDevice -Vm $vm -Note (Read-AgentNote -Text $vm.Notes)) }
            else { Set-AgentHardware -Vm (Get-AgentVm -Id $id) -Group $part.Group -Wanted $wanted }
            $part.Done = $true
        }
        catch {
            $failure = Resolve-AgentFailure -ErrorRecord $_
            foreach ($field in $part.Fields) { $left.Add([ordered]@{ field = $field; code = $failure.code; message = $failure.message }) }
        }
    }
    $after = Get-AgentVmView -Vm (Get-AgentVm -Id $id) -Resources $Job.Resources
    $changes = [System.Collections.Generic.List[object]]::new()
    foreach ($field in @($work | ForEach-Object { $_.Fields })) {
        $isDone = @($work | Where-Object { $_.ContainsKey('Done') -and $_.Fields -ccontains $field }).Count -gt 0
        if (-not (Test-AgentSameText -Value $before[$field] -Other $after[$field])) { $changes.Add((New-AgentChange -Field $field -From $before[$field] -To $after[$field])) }
        if ($field -ceq 'boot_order') { $isAsWanted = Test-AgentSameText -Value $names -Other @($after[$field] | Select-Object -First $names.Count) }
        else { $isAsWanted = $wanted.Fields -cnotcontains $field -or (Test-AgentSameText -Value $wanted[$field] -Other $after[$field] -AnyBreak) }
        if ($isDone -and -not $isAsWanted) {
            $left.Add([ordered]@{ field = $field; code = 'HYPERVISOR_FAILED'; message = "Hyper-V took the change of $field and it did not come about." })
        }
    }
    $message = 'The virtual machine is as asked for.'
    if ($left.Count -gt 0) { $message = $left[0]['message'] }
    New-AgentChanged -Id $id -Changes $changes.ToArray() -NotChanged $left.ToArray() -Message $message
}
